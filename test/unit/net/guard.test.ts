import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { guardUrl, isPublicAddress } from '../../../shared/net/guard.ts';

const strict = { trustedOrigins: [] };

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'allowed';
}

describe('an address to fetch', () => {
  it.each([
    'https://example.com/a?b=c',
    'http://example.com:80/',
    'https://example.com:443/',
    'http://example.com:443/',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
  ])('may be %s', (address) => {
    expect(refusalOf(() => guardUrl(address, strict))).toBe('allowed');
  });

  it.each([
    'ftp://example.com/',
    'file:///proc/self/environ',
    'data:text/plain,hello',
    'not an address',
    '/relative',
    'https://user:secret@example.com/',
    'https://user@example.com/',
    'https://example.com:8443/',
    'http://example.com:9001/',
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://10.0.0.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://172.16.0.1/',
    'http://192.0.0.8/',
    'http://192.168.1.1/',
    'http://198.18.0.1/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[::]/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:8.8.8.8]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fc00::1]/',
    'http://[fe80::1]/',
    'http://[ff02::1]/',
    'http://localhost/',
    'http://localhost./',
    'http://LOCALHOST/',
    'http://db.localhost/',
    'http://metadata.google.internal/',
    'http://printer.local/',
    'http://intranet/',
  ])('may not be %s', (address) => {
    expect(refusalOf(() => guardUrl(address, strict))).toBe('address_not_allowed');
  });

  it('may lie anywhere when its exact origin is trusted, and only then', () => {
    const policy = { trustedOrigins: ['http://127.0.0.1:4010'] };
    expect(refusalOf(() => guardUrl('http://127.0.0.1:4010/any/path', policy))).toBe('allowed');
    expect(refusalOf(() => guardUrl('http://127.0.0.1:4011/', policy))).toBe('address_not_allowed');
    expect(refusalOf(() => guardUrl('https://127.0.0.1:4010/', policy))).toBe('address_not_allowed');
    expect(refusalOf(() => guardUrl('http://127.0.0.1:4010@127.0.0.1:4011/', policy))).toBe('address_not_allowed');
  });
});

describe('the addresses of a name', () => {
  const lookup = (address: string, policy: Parameters<typeof guardUrl>[1]) =>
    new Promise((resolve, reject) => {
      const { url, lookup: look } = guardUrl(address, policy);
      look(url.hostname, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)));
    });

  it('are handed to the connection when all are public', async () => {
    const resolve = async () => [{ address: '93.184.216.34', family: 4 }];
    await expect(lookup('https://example.com/', { trustedOrigins: [], resolve })).resolves.toEqual([
      { address: '93.184.216.34', family: 4 },
    ]);
  });

  it('are refused when a single one is not', async () => {
    const resolve = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '::ffff:10.0.0.1', family: 6 },
    ];
    await expect(lookup('https://example.com/', { trustedOrigins: [], resolve })).rejects.toMatchObject({
      code: 'address_not_allowed',
    });
  });

  it('include only global unicast', () => {
    expect(['1.1.1.1', '2001:4860:4860::8888'].every(isPublicAddress)).toBe(true);
    expect(['fec0::1', '2001:db8::1', '::1', '192.88.99.1', 'nonsense', ''].some(isPublicAddress)).toBe(false);
  });
});
