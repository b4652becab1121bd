import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { asFromCamera } from './camera-exif.ts';
import { corners } from './corners.ts';

/** A hill, a sun and a coloured square in each corner, so that a person and a test both see which side is up. */
function scene(width: number, height: number, background: string): Buffer {
  const mark = Math.round(Math.min(width, height) / 6);
  const square = (x: number, y: number, fill: string) =>
    `<rect x="${x}" y="${y}" width="${mark}" height="${mark}" fill="${fill}"/>`;
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
      ${background}
      <circle cx="${width * 0.62}" cy="${height * 0.3}" r="${mark * 0.7}" fill="#ffb300"/>
      <path d="M0 ${height} L0 ${height * 0.7} Q${width * 0.3} ${height * 0.4} ${width * 0.6} ${height * 0.7} T${width} ${height * 0.65} L${width} ${height} Z" fill="#2e7d32"/>
      <path d="M${width * 0.28} ${height * 0.56} l${mark * 0.4} ${-mark} l${mark * 0.4} ${mark} Z" fill="#6d4c41"/>
      ${square(0, 0, corners.topLeft)}${square(width - mark, 0, corners.topRight)}
      ${square(0, height - mark, corners.bottomLeft)}${square(width - mark, height - mark, corners.bottomRight)}
    </svg>`,
  );
}

const sky = '<rect width="100%" height="100%" fill="#90caf9"/>';

/** A camera held upright: its sensor is landscape, the pixels lie on their side, orientation 6 says so. */
async function cameraJpeg(): Promise<Buffer> {
  const sensor = sharp(
    await sharp(scene(1200, 1600, sky))
      .png()
      .toBuffer(),
  ).rotate(270);
  return asFromCamera(await sensor.jpeg({ quality: 85 }).toBuffer(), 6);
}

async function animatedGif(): Promise<Buffer> {
  const frames = ['#e53935', '#43a047', '#1e88e5'].map((fill) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><rect width="120" height="80" fill="${fill}"/></svg>`,
    ),
  );
  return sharp(frames, { join: { animated: true } })
    .gif({ delay: [200, 200, 200], loop: 0 })
    .toBuffer();
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A valid PNG of 900 million pixels in about 110 kB: one bit each, all black. */
function bombPng(sidePx: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(sidePx, 0);
  header.writeUInt32BE(sidePx, 4);
  header[8] = 1;
  const rows = Buffer.alloc(sidePx * (Math.ceil(sidePx / 8) + 1));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(rows, { level: 9 });
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', data),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

export async function makeImages(folder: string): Promise<void> {
  const camera = await cameraJpeg();
  await writeFile(join(folder, 'camera.jpg'), camera);
  await writeFile(join(folder, 'truncated.jpg'), camera.subarray(0, Math.round(camera.length * 0.6)));
  await sharp(scene(800, 600, ''))
    .png({ compressionLevel: 9 })
    .toFile(join(folder, 'photo.png'));
  await writeFile(join(folder, 'animated.gif'), await animatedGif());
  await writeFile(join(folder, 'bomb.png'), bombPng(30_000));
  await writeFile(join(folder, 'not-an-image.jpg'), 'This is a text, whatever its name says.\n');
}
