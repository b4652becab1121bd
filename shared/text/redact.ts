/** What may stand in a log: text without what opens something, whoever put it there. By shape, since no list of names is complete. */

/** A field of this name holds what must not be read, whatever it looks like. */
const SECRET_NAME =
  /authori[sz]ation|token|password|passwd|passphrase|secret|cookie|credential|api_?key$|private_?key|signature|otp$|recovery_?code|verifier/i;
const GONE = '[redacted]';

const shapes: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]+-----[\s\S]*?(-----END [A-Z ]+-----|$)/g, GONE],
  [/\b(Bearer|Basic|DPoP|Digest)\s+[\w.~+/=-]+/gi, `$1 ${GONE}`],
  [/\beyJ[\w-]+(\.[\w-]*){1,4}/g, GONE],
  // Ours: API keys, refresh tokens, invitations and whatever comes with the same prefix.
  [/\bph[a-z]{1,2}_[\w.-]+/g, GONE],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, GONE],
  [/\$(argon2\w*|scrypt|2[aby])\$[^\s"']+/g, GONE],
  [/[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}/g, GONE],
];

const ADDRESS = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>()]+)/gi;
const PATH = /(?<![\w/.])\/[\w~%.=-]+(\/[\w~%.=-]+)*(\?[^\s"'<>()]*)?/g;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Letters of both cases and digits, as random bytes have them in base64 and names do not. */
const RANDOM = /\b(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{20,}/g;
/** One in 1,400 of our tokens has no digit by chance; no name is as long. */
const RANDOM_AND_LONG = /\b(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{40,}/g;
/** No name of a folder, a file or a door is as long; every unguessable segment is. */
const LONGEST_SEGMENT = 40;

/** Says whether a field of this name may be read at all. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The text without tokens, keys, hashes, addresses of people, and what in a URL is nobody else's business. */
export function redact(text: string): string {
  let safe = text;
  for (const [shape, instead] of shapes) safe = safe.replace(shape, instead);
  return safe
    .replace(ADDRESS, (_, scheme: string, rest: string) => scheme + address(rest))
    .replace(PATH, (path) => address(path))
    .replace(RANDOM, (word) => (UUID.test(word) ? word : GONE))
    .replace(RANDOM_AND_LONG, GONE);
}

/** Host and path, without the name and password before it, the query behind it, and segments that nobody could guess. */
function address(rest: string): string {
  const [path = '', ...query] = rest.replace(/^[^/]*@/, '').split(/[?#]/);
  const segments = path.split('/').map((segment) => (isUnguessable(segment) ? GONE : segment));
  return `${segments.join('/')}${query.length > 0 ? `?${GONE}` : ''}`;
}

function isUnguessable(segment: string): boolean {
  if (UUID.test(segment)) return false;
  return (
    segment.length > LONGEST_SEGMENT ||
    (segment.length >= 16 && /\d/.test(segment) && /[A-Z]/.test(segment) && /[a-z]/.test(segment))
  );
}
