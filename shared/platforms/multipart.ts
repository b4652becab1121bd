import type { OutgoingBody } from '../net/request.ts';

export interface MultipartFile {
  readonly field: string;
  readonly fileName: string;
  readonly mimeType: string;
  readonly open: () => Promise<{ body: AsyncIterable<Uint8Array>; length: number }>;
}

export interface Multipart {
  readonly fields: Readonly<Record<string, string>>;
  readonly file: MultipartFile;
}

/** Encodes multipart/form-data as a stream of known length; the file is opened at once and read while it is sent. */
export async function encodeMultipart(form: Multipart, boundary: string): Promise<OutgoingBody & { type: string }> {
  const { field, fileName, mimeType } = form.file;
  const encoder = new TextEncoder();
  const fields = Object.entries(form.fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`,
  );
  const fileHead =
    `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(field)}"; filename="${quoted(fileName)}"\r\n` +
    `Content-Type: ${mimeType}\r\n\r\n`;
  const head = encoder.encode(fields.join('') + fileHead);
  const tail = encoder.encode(`\r\n--${boundary}--\r\n`);
  const file = await form.file.open();

  async function* parts(): AsyncGenerator<Uint8Array> {
    yield head;
    yield* file.body;
    yield tail;
  }
  return {
    stream: parts(),
    length: head.byteLength + file.length + tail.byteLength,
    type: `multipart/form-data; boundary=${boundary}`,
  };
}

function quoted(name: string): string {
  return name.replaceAll('"', '%22').replace(/[\r\n]/g, ' ');
}
