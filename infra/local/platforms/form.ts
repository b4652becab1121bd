/** Request parameters as Rails and Graph read them: query, JSON, urlencoded and multipart are one bag of fields. */
import busboy from 'busboy';
import { type Incoming, Refusal } from './http-server.ts';

export interface UploadedFile {
  readonly filename: string;
  readonly bytes: Buffer;
}

export interface Fields {
  get(name: string): string | undefined;
  /** Values of `name`, `name[]` or a JSON array. */
  all(name: string): readonly string[];
  has(name: string): boolean;
  names(): readonly string[];
  file(name: string): UploadedFile | undefined;
}

/** Throws a `Refusal` with 400 when the body cannot be parsed as what it claims to be. */
export async function readFields(incoming: Incoming): Promise<Fields> {
  const values = new Map<string, string[]>();
  const files = new Map<string, UploadedFile>();
  const add = (name: string, value: string): void => {
    const key = name.endsWith('[]') ? name.slice(0, -2) : name;
    values.set(key, [...(values.get(key) ?? []), value]);
  };
  for (const [name, value] of incoming.url.searchParams) add(name, value);

  const type = incoming.headers['content-type'] ?? '';
  if (incoming.body.length > 0) {
    if (type.startsWith('application/json')) addJson(incoming.body, add);
    else if (type.startsWith('multipart/form-data')) await addMultipart(incoming, add, files);
    else if (type.startsWith('application/x-www-form-urlencoded')) {
      for (const [name, value] of new URLSearchParams(incoming.body.toString('utf8'))) add(name, value);
    }
  }
  return {
    get: (name) => values.get(name)?.at(-1),
    all: (name) => values.get(name) ?? [],
    has: (name) => values.has(name),
    names: () => [...values.keys()],
    file: (name) => files.get(name),
  };
}

function addJson(body: Buffer, add: (name: string, value: string) => void): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refusal({ status: 400, body: { error: 'Error occurred while parsing request parameters' } });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return;
  for (const [name, value] of Object.entries(parsed)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === null || item === undefined) continue;
      add(name, typeof item === 'object' ? JSON.stringify(item) : String(item));
    }
  }
}

async function addMultipart(
  incoming: Incoming,
  add: (name: string, value: string) => void,
  files: Map<string, UploadedFile>,
): Promise<void> {
  const broken = new Refusal({ status: 400, body: { error: 'Error occurred while parsing request parameters' } });
  await new Promise<void>((resolve, reject) => {
    let parser: ReturnType<typeof busboy>;
    try {
      parser = busboy({ headers: incoming.headers, limits: { files: 4, fields: 50 } });
    } catch {
      reject(broken);
      return;
    }
    parser.on('field', add);
    parser.on('file', (name, stream, info) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => files.set(name, { filename: info.filename ?? '', bytes: Buffer.concat(chunks) }));
    });
    parser.on('error', () => reject(broken));
    parser.on('close', resolve);
    parser.end(incoming.body);
  });
}

/** `Authorization: Bearer …`, else null. */
export function bearer(incoming: Incoming): string | null {
  return /^Bearer (\S+)$/i.exec(incoming.headers.authorization ?? '')?.[1] ?? null;
}
