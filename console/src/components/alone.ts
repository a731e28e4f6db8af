// Values that a line cannot show: those with none before and none after.

/** Where they are; null if all are part of a line. */
export function alone(values: ArrayLike<number | null | undefined>): number[] | null {
  const found = Array.from(values).flatMap((value, at) =>
    value != null && values[at - 1] == null && values[at + 1] == null ? [at] : [],
  );
  return found.length > 0 ? found : null;
}
