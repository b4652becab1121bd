/** What keeps a medium from being part of a post, whatever the platform. Pure. */
import type { MediaKind } from './shapes.ts';

export interface PublishableFacts {
  readonly status: string;
  readonly kind: MediaKind | null;
  readonly renditions: readonly { readonly name: string }[];
}

/** Null also while it is still on its way. */
export function whyUnpublishable({ status, kind, renditions }: PublishableFacts): string | null {
  if (status === 'failed') return 'failed processing';
  if (kind !== null && !isShown(kind)) return `is neither an image nor a video, but ${kind}`;
  // Media that were imported from another system have no file here.
  if (status === 'ready' && !renditions.some(({ name }) => name === 'original'))
    return 'was stored elsewhere: upload it';
  return null;
}

/** The kinds that platforms take. */
export function isShown(kind: MediaKind | null): kind is 'image' | 'video' {
  return kind === 'image' || kind === 'video';
}
