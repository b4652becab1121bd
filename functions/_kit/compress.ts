/** gzip for what is the same for everybody and asked for often: made once in a process, since building it costs more than sending it. */
import { gzipSync } from 'node:zlib';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/** Below it the coding's own bytes and the time weigh more than what is saved. */
const MIN_BYTES = 1_024;
/** Documents of one door: there are no more than a few. */
const MAX_KEPT = 8;

const kept = new Map<string, string>();

/** The text as gzip in base64; null where the caller takes none, or it is not worth it. @param name stands for the text, such as its entity tag */
export function gzipped(event: APIGatewayProxyEventV2, name: string, text: string): string | null {
  if (text.length < MIN_BYTES || !takesGzip(event.headers['accept-encoding'])) return null;
  const known = kept.get(name);
  if (known !== undefined) return known;
  if (kept.size >= MAX_KEPT) kept.clear();
  const made = gzipSync(text, { level: 9 }).toString('base64');
  kept.set(name, made);
  return made;
}

/** RFC 9110, section 12.5.3: by name before `*`, and not where its weight is nothing. */
function takesGzip(header = ''): boolean {
  const weights = new Map(
    header.split(',').map((part): [string, number] => {
      const [coding = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
      return [coding === 'x-gzip' ? 'gzip' : coding, Number(weight)];
    }),
  );
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}
