import { describe, expect, it } from 'vitest';
import { readOrigin } from '../../../shared/platforms/origin.ts';

const local = { trustedOrigins: ['http://127.0.0.1:4010'] };

describe('the server of an account', () => {
  it.each([
    ['mastodon.social', 'https://mastodon.social'],
    [' https://Mastodon.Social/@ann ', 'https://mastodon.social'],
    ['mastodon.social/@ann', 'https://mastodon.social'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['http://127.0.0.1:4010/', 'http://127.0.0.1:4010'],
  ])('may be written %j', (written, origin) => {
    expect(readOrigin(written, local)).toBe(origin);
  });

  it.each([
    'http://mastodon.social',
    '',
    'ann',
    '@ann@mastodon.social',
    '127.0.0.1:4010',
    '10.0.0.1',
    'ftp://a.example',
  ])('may not be %j', (written) => {
    expect(() => readOrigin(written, local)).toThrowError(
      expect.objectContaining({ name: 'AppError', code: 'address_not_allowed' }),
    );
  });
});
