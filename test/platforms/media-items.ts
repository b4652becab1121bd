/** The test media as a draft carries them, and a server from which a platform can fetch them. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { MediaItem } from '../../shared/platforms/connector.ts';

const folder = fileURLToPath(new URL('../media/', import.meta.url));
const types: Readonly<Record<string, string>> = { jpg: 'image/jpeg', png: 'image/png', mp4: 'video/mp4' };

const chunkBytes = 65_536;
const largeBytes = 480 * chunkBytes;

async function openLarge() {
  const chunk = new Uint8Array(chunkBytes);
  let left = largeBytes;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      controller.enqueue(chunk);
      left -= chunkBytes;
      if (left === 0) controller.close();
    },
  });
  return { body, length: largeBytes };
}

export interface MediaShelf {
  readonly photo: MediaItem;
  readonly secondPhoto: MediaItem;
  readonly video: MediaItem;
  /** Says that it is a photo, and is a text. */
  readonly fake: MediaItem;
  /** A video without its index. */
  readonly cutOff: MediaItem;
  /** Thirty megabytes that call themselves a video. */
  readonly large: MediaItem;
  close(): Promise<void>;
}

export async function openShelf(): Promise<MediaShelf> {
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://shelf').pathname.slice(1);
    response.setHeader('content-type', types[name.split('.').at(-1) ?? ''] ?? 'text/plain');
    response.end(readFileSync(`${folder}${name}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the shelf has no port');
  const origin = `http://127.0.0.1:${address.port}`;
  const image = { kind: 'image', durationS: null, width: 640, height: 480 } as const;
  const film = { kind: 'video', durationS: 3, width: 320, height: 240, videoCodec: 'h264' } as const;
  const item = (name: string, facts: typeof image | typeof film, altText: string | null): MediaItem => ({
    id: name.split('.')[0] ?? name,
    ...facts,
    mimeType: types[name.split('.').at(-1) ?? ''] ?? '',
    bytes: statSync(`${folder}${name}`).size,
    altText,
    open: async () => ({
      body: Readable.toWeb(createReadStream(`${folder}${name}`)),
      length: statSync(`${folder}${name}`).size,
    }),
    url: async () => `${origin}/${name}`,
  });
  return {
    photo: item('camera.jpg', image, 'Four colours, “quoted” & ünïcode'),
    secondPhoto: item('photo.png', image, null),
    video: item('video.mp4', film, 'Three seconds'),
    fake: item('not-an-image.jpg', image, null),
    cutOff: item('truncated.mp4', film, null),
    large: { ...item('video.mp4', film, null), id: 'large', bytes: largeBytes, open: openLarge },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
