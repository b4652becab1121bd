import type * as constants from 'node-av/constants';
import type * as library from 'node-av/lib';

export interface VideoEngine {
  readonly av: typeof library;
  readonly is: typeof constants;
}

/** Loads FFmpeg's libraries on first use. They write to standard error unless told to be quiet. */
export async function videoEngine(): Promise<VideoEngine> {
  const [av, is] = await Promise.all([import('node-av/lib'), import('node-av/constants')]);
  av.Log.setLevel(is.AV_LOG_QUIET);
  return { av, is };
}
