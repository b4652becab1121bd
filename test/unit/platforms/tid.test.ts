import { describe, expect, it } from 'vitest';
import { instantOf, recordKey } from '../../../shared/platforms/bluesky/tid.ts';

const dueAt = '2026-11-21T10:00:00.000Z';

describe('the record key of a publication', () => {
  it('is the same for every attempt, and another for every publication', () => {
    expect(recordKey('publication-1', dueAt)).toBe(recordKey('publication-1', dueAt));
    const keys = Array.from({ length: 1000 }, (_, i) => recordKey(`publication-${i}`, dueAt));
    expect(new Set(keys).size).toBe(1000);
  });

  it('is a TID of the due second, so that records sort by time', () => {
    const key = recordKey('publication-1', dueAt);
    expect(key).toMatch(/^[2-7a-j][2-7a-z]{12}$/);
    expect(instantOf(key)?.slice(0, 19)).toBe('2026-11-21T10:00:00');
    expect(key < recordKey('publication-1', '2026-11-21T10:00:01Z')).toBe(true);
  });

  it('reads a known TID', () => {
    expect(instantOf('3jzfcijpj2z2a')).toBe('2023-06-30T15:03:01.887Z');
    expect(instantOf('not-a-tid')).toBeNull();
  });
});
