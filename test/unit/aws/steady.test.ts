import { describe, expect, it } from 'vitest';
import { steady } from '../../../shared/aws/steady.ts';

describe('a signed URL', () => {
  const at = Date.UTC(2026, 0, 1, 12, 0, 0);

  it('is the same for a fifth of its time', () => {
    expect(steady(3600, at)).toEqual(steady(3600, at + 719_000));
    expect(steady(3600, at)).not.toEqual(steady(3600, at + 720_000));
  });

  it('is good for at least as long as was asked, and at most a fifth longer', () => {
    for (const [expiresInS, laterMs] of [
      [3600, 0],
      [3600, 719_999],
      [300, 59_999],
      [7, 500],
      [1, 999],
    ] as const) {
      const { expiresIn, signingDate } = steady(expiresInS, at + laterMs);
      const leftS = (signingDate.getTime() + expiresIn * 1000 - at - laterMs) / 1000;
      expect(leftS).toBeGreaterThanOrEqual(expiresInS);
      expect(leftS).toBeLessThanOrEqual(expiresInS * 1.2);
    }
  });
});
