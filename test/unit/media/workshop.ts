import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { processMedia } from '../../../shared/media/process-media.ts';
import type { MediaFailure, Processed, Rendition, RenditionName } from '../../../shared/media/processed.ts';

export function fixture(name: string): string {
  return join(import.meta.dirname, '../../media', name);
}

/** A folder that is gone after the test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'media-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function fileOf(content: Uint8Array | string): Promise<string> {
  const path = join(await folder(), 'upload');
  await writeFile(path, content);
  return path;
}

export async function run(path: string, declaredMimeType = 'image/jpeg'): Promise<Processed | MediaFailure> {
  return processMedia({ path, declaredMimeType, outDir: await folder() });
}

export async function processed(path: string, declaredMimeType?: string): Promise<Processed> {
  const result = await run(path, declaredMimeType);
  if (result.kind === 'failed') throw new Error(`refused: ${result.reason}`);
  return result;
}

export function rendition(result: Processed, name: RenditionName): Rendition {
  const found = result.renditions.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no rendition ${name}`);
  return found;
}

export function bytesOf(result: Processed): Promise<Buffer[]> {
  return Promise.all(result.renditions.map(({ path }) => readFile(path)));
}

/** The colours in the middle of the four corner marks, as a viewer that ignores all metadata sees them. */
export async function cornerColours(
  path: string,
): Promise<Record<'topLeft' | 'topRight' | 'bottomLeft' | 'bottomRight', string>> {
  const { data, info } = await sharp(path).flatten().removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const inset = Math.round(Math.min(info.width, info.height) * 0.05);
  const at = (x: number, y: number) => {
    const start = (y * info.width + x) * info.channels;
    return nearest([...data.subarray(start, start + 3)]);
  };
  const [right, bottom] = [info.width - 1 - inset, info.height - 1 - inset];
  return {
    topLeft: at(inset, inset),
    topRight: at(right, inset),
    bottomLeft: at(inset, bottom),
    bottomRight: at(right, bottom),
  };
}

const palette = ['#d50000', '#00c853', '#2962ff', '#ffd600', '#90caf9', '#2e7d32', '#000000', '#ffffff'];

/** Lossy coding shifts colours a little; more than 40 steps in one channel is another colour. */
function nearest(pixel: readonly number[]): string {
  const near = palette.find((hex) => {
    const value = Number.parseInt(hex.slice(1), 16);
    const parts = [value >> 16, (value >> 8) & 255, value & 255];
    return parts.every((part, index) => Math.abs(part - (pixel[index] ?? 0)) <= 40);
  });
  return near ?? `rgb(${pixel.join(',')})`;
}
