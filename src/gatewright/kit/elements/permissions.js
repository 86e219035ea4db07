/** Permission bits in letters. */

/** @param {string} octal Permission bits such as 0644, as `rw-r--r--`. */
export function permissions(octal) {
  if (!/^[0-7]{3,4}$/.test(octal)) return octal;
  return [...octal.slice(-3)].map((digit) => ["r", "w", "x"].map((letter, i) => (Number(digit) & (4 >> i) ? letter : "-")).join("")).join("");
}
