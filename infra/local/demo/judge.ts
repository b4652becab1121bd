/** Whether what a platform holds is what was asked for. */
import sharp from 'sharp';
import { readMp4 } from '../platforms/mp4.ts';
import type { Evidence, Photo } from './evidence.ts';

export interface Wanted {
  readonly text: string;
  readonly altTexts: readonly string[];
  readonly films: number;
  /** Width by height of a photo that stands upright. */
  readonly upright: number;
}

/** Rounding of a picture that was made smaller. */
const tolerance = 0.01;

/** Throws where text or media are others than wanted, or where a photo lies on its side or tells where it was taken. */
export async function judge(platform: string, held: Evidence, wanted: Wanted): Promise<void> {
  if (wanted.text === '' || !held.text.includes(wanted.text))
    throw new Error(`${platform} holds another text: ${held.text}`);
  const altTexts = held.photos.map(({ altText }) => altText ?? '');
  if (altTexts.join('\n') !== wanted.altTexts.join('\n') || held.photos.length !== wanted.altTexts.length)
    throw new Error(`${platform} holds other photos: ${JSON.stringify(held.photos)}`);
  if (held.films.length !== wanted.films) throw new Error(`${platform} holds ${held.films.length} videos`);
  for (const photo of held.photos) await judgePhoto(platform, photo, wanted.upright);
  for (const url of held.films) {
    if (readMp4(await download(url)) === null) throw new Error(`${platform} holds a broken video at ${url}`);
  }
}

async function judgePhoto(platform: string, photo: Photo, upright: number): Promise<void> {
  const file = await sharp(await download(photo.url)).metadata();
  const said = `${photo.width}×${photo.height}`;
  if (said !== `${file.width}×${file.height}`)
    throw new Error(`${platform} says ${said} of a photo of ${file.width}×${file.height}`);
  if (Math.abs(file.width / file.height / upright - 1) > tolerance || (file.orientation ?? 1) !== 1)
    throw new Error(`${platform} holds the photo on its side: ${said}, orientation ${file.orientation ?? 1}`);
  if (file.exif !== undefined || file.xmp !== undefined || file.iptc !== undefined)
    throw new Error(`${platform} holds the photo with what the camera wrote into it`);
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
