import type { Sharp, SharpOptions } from 'sharp';
import { mediaLimits } from './limits.ts';

export type ImageEngine = (input: string | Buffer, options?: SharpOptions) => Sharp;

/** Loads libvips on first use. No operation cache: a function sees each file once, and memory is what it lacks. */
export async function imageEngine(): Promise<ImageEngine> {
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  sharp.concurrency(2);
  return sharp;
}

/** How every file from outside is opened: rows in order instead of the whole picture, and cut-off data is an error. */
export const untrusted = {
  failOn: 'error',
  sequentialRead: true,
  limitInputPixels: mediaLimits.image.maxPixels,
} as const satisfies SharpOptions;
