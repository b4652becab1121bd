import { expect, test } from 'vitest';
import { isTimeZone, resolveWallTime } from '../../../shared/time/zone.ts';

const short = ['CET', 'MET', 'EET', 'WET', 'EST', 'EST5EDT', 'CST6CDT', 'GMT0', 'UTC', 'GB', 'NZ', 'Zulu'];

test.each(['Europe/Berlin', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'GMT+0', ...short])(
  '%s is a zone',
  (name) => {
    expect(isTimeZone(name)).toBe(true);
  },
);

test.each([
  ...['', 'Berlin', 'Europe/Atlantis', '+02:00', '-05', '0', 'Europe/Berlin ', 'europe berlin', 'SystemV/AST4'],
  ...['IST', 'PST', 'BST', 'CST', 'JST', 'AST', 'EDT', 'NZST', 'pst', 'Etc/Unknown', '2027-07-01T18:00[Europe/Berlin]'],
])('%j is none', (name) => {
  expect(isTimeZone(name)).toBe(false);
});

test('every zone is read as the runtime reads it, in summer and winter', () => {
  const wrong = [...Intl.supportedValuesOf('timeZone'), ...short].flatMap((zone) =>
    ['2027-01-15T18:00:00', '2027-07-15T18:00:00', '1995-07-15T18:00:00.5']
      .filter(
        (wallTime) => !isTimeZone(zone) || clockAt(resolveWallTime(wallTime, zone), zone) !== wallTime.slice(0, 19),
      )
      .map((wallTime) => `${zone} ${wallTime}`),
  );
  expect(wrong).toEqual([]);
});

test.each([
  ['what happens twice means the first', '2027-10-31T02:30:00', 'Europe/Berlin', '2027-10-31T00:30:00Z'],
  ['what is skipped is an hour later', '2027-03-28T02:30:00', 'Europe/Berlin', '2027-03-28T01:30:00Z'],
  ['twice, west of Greenwich', '2027-11-07T01:30:00', 'America/New_York', '2027-11-07T05:30:00Z'],
  ['skipped, west of Greenwich', '2027-03-14T02:30:00', 'America/New_York', '2027-03-14T07:30:00Z'],
  ['skipped by half an hour', '2027-10-03T02:15:00', 'Australia/Lord_Howe', '2027-10-02T15:45:00Z'],
])('%s', (_, wallTime, zone, instant) => {
  expect(resolveWallTime(wallTime, zone)).toBe(instant);
});

/** What a clock in the zone shows then: `2027-01-15T18:00:00`. */
function clockAt(instant: string, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
    .format(new Date(instant))
    .replace(' ', 'T');
}
