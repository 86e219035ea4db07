-- The survey of a coadd that was chosen by rule, which is a version of its reference.
ALTER TABLE product ADD COLUMN reference_of TEXT;
UPDATE product SET reference_of = (
    SELECT MIN(s.id) FROM survey s
    WHERE REPLACE(product.body, '"surveys": ["' || s.id || '"]', '') <> product.body
) WHERE kind = 'coadd' AND REPLACE(body, '"rule": {', '') <> body;
CREATE INDEX product_by_reference ON product (reference_of, created_at, id);
