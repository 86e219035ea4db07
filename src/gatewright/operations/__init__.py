"""Operations that combine several domains."""
