/** What a project may be. */

/** A name of the IANA time zone database, such as `Europe/Berlin`. Offsets such as `+02:00` are none: they know no summer. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
