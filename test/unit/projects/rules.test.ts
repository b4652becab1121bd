import { expect, test } from 'vitest';
import { isTimeZone } from '../../../shared/projects/rules.ts';

test.each(['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])(
  '%s is a zone',
  (name) => {
    expect(isTimeZone(name)).toBe(true);
  },
);

test.each(['', 'Berlin', 'Europe/Atlantis', '+02:00', '-05', '0', 'Europe/Berlin ', 'europe berlin'])(
  '%j is none',
  (name) => {
    expect(isTimeZone(name)).toBe(false);
  },
);
