/** The body of a request: its media type, its size, and JSON that every reader understands alike. */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { fail } from '../../shared/errors.ts';
import { countValues } from '../../shared/text/count-values.ts';
import { findDuplicateKey } from '../../shared/text/duplicate-key.ts';
import { pointerOf } from '../../shared/text/json-pointer.ts';
import type { EndpointContract } from './contract.ts';

/** All wrong ones are looked at before any is left out, and nobody is counted yet: so many take a tenth of a second. */
const MAX_VALUES = 10_000;

/** Bytes of a body that a door takes: what nobody has signed for is looked through before anybody is counted, so it is small. */
export function maxBodyOf({ auth, maxBody }: Pick<EndpointContract, 'auth' | 'maxBody'>): number {
  const open = auth === 'public' || auth === 'page';
  return maxBody ?? (open ? 16 * 1024 : 1024 * 1024);
}

/** The others have no body that means anything: what comes with one is not read. */
export function takesBody(contract: EndpointContract): boolean {
  return contract.method !== 'GET' && contract.method !== '$default';
}

/** The body as it was sent, which is the empty string without one. */
export function readBody(contract: EndpointContract, event: APIGatewayProxyEventV2): string {
  if (!takesBody(contract)) return '';
  const body = event.body ?? '';
  const bytes = event.isBase64Encoded ? Buffer.from(body, 'base64') : Buffer.from(body);
  if (bytes.length > maxBodyOf(contract)) fail('body_too_large');
  if (bytes.length === 0) return '';
  const coding = event.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity') {
    fail('unsupported_media_type', {
      detail: 'Send the body without a Content-Encoding: compressed bodies are not accepted.',
    });
  }
  if (!isJson(event.headers['content-type'] ?? '')) fail('unsupported_media_type');
  // What is no text of the web arrives as base64, also JSON whose type was not given: then it was refused above.
  const text = event.isBase64Encoded ? bytes.toString('utf8') : body;
  // The gateway makes text of the bytes and puts U+FFFD for what is no UTF-8: then there are more bytes than were sent.
  const sent = Number(event.headers['content-length'] ?? Number.NaN);
  if (text.includes('\ufffd') && Number.isFinite(sent) && sent !== Buffer.byteLength(text)) {
    fail('malformed_json', { detail: 'The body is not UTF-8.' });
  }
  return text;
}

/** `application/json`, with no charset or UTF-8: JSON has no other (RFC 8259, section 8.1). */
function isJson(contentType: string): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  if (type.trim() !== 'application/json') return false;
  return parameters.every((parameter) => {
    const [name = '', value = ''] = parameter.split('=');
    return name.trim() !== 'charset' || /^"?utf-?8"?$/.test(value.trim());
  });
}

/** No body says nothing: a door whose fields are all optional takes it, the others name what is missing. */
export function parseJson(raw: string): unknown {
  if (raw === '') return {};
  if (countValues(raw, MAX_VALUES + 1) > MAX_VALUES) {
    const fields = [{ pointer: '/body', message: `holds more than ${MAX_VALUES} values`, code: 'too_many_values' }];
    fail('invalid_request', { fields });
  }
  const value = parse(raw);
  const twice = findDuplicateKey(raw);
  if (twice !== null) {
    const pointer = pointerOf('/body', twice);
    fail('malformed_json', { fields: [{ pointer, message: 'is given more than once', code: 'duplicate_key' }] });
  }
  return value;
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return fail('malformed_json', raw.startsWith('\ufeff') ? { detail: 'It begins with a byte order mark.' } : {});
  }
}
