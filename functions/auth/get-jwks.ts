import { readVerificationKeys } from '../../shared/auth/tokens.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/.well-known/jwks.json',
  auth: 'public',
  summary: 'Get the keys that verify access tokens',
  description:
    'A JWK set (RFC 7517). A key is listed two hours before it starts signing and until an hour after its last token has expired. Fetch the set again when you meet an unknown `kid`, at most every few seconds.',
  tag: 'auth',
  status: 200,
  content: 'application/jwk-set+json',
  cached: true,
  errors: [],
  uses: { secrets: ['verificationKeys'] },
  throttle: { ratePerS: 100, burst: 200 },
})(async () => ({
  body: JSON.stringify(await readVerificationKeys()),
  headers: { 'cache-control': 'public, max-age=300' },
}));
