/** Checks a draft against what a platform declares as data, then against the connector's own rules. Pure. */
import type { Capabilities, Connector, MediaItem, MediaLimit, Violation } from './connector.ts';
import { countBytes, countText, farOver, findHashtags, findLinks } from './text.ts';

export interface DraftToCheck {
  readonly text: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly media: readonly MediaToCheck[];
}

export type MediaToCheck = Pick<
  MediaItem,
  'kind' | 'mimeType' | 'bytes' | 'width' | 'height' | 'durationS' | 'altText' | 'videoCodec'
>;

/** Everything that keeps this draft from being published on the platform, in the order of the draft. */
export function validateDraft(connector: Connector, draft: DraftToCheck): Violation[] {
  const { capabilities } = connector;
  return [
    ...checkText(draft, capabilities),
    ...checkSelection(draft, capabilities),
    ...draft.media.flatMap((item, index) => checkItem(item, `/media/${index}`, capabilities)),
    ...(connector.validate?.(draft) ?? []),
  ];
}

function checkText(draft: DraftToCheck, { text, maxLinks, maxHashtags, displayName }: Capabilities): Violation[] {
  const at = '/text';
  const length = countText(draft.text, text);
  const bytes = countBytes(draft.text);
  // How many links it holds says nothing more about a text that must be written anew.
  const scanned = length > text.max * farOver ? '' : draft.text;
  const links = new Set(findLinks(scanned).map(({ value }) => value)).size;
  const hashtags = findHashtags(scanned).length;
  return [
    ...over(length, text.max, at, 'text_too_long', `${displayName} takes at most ${text.max} characters.`),
    ...over(
      bytes,
      text.maxBytes,
      at,
      'text_too_many_bytes',
      `${displayName} takes at most ${text.maxBytes} bytes of text.`,
    ),
    ...over(links, maxLinks, at, 'too_many_links', `${displayName} takes at most ${maxLinks} links.`),
    ...over(hashtags, maxHashtags, at, 'too_many_hashtags', `${displayName} takes at most ${maxHashtags} hashtags.`),
  ];
}

function checkSelection(draft: DraftToCheck, { media, displayName }: Capabilities): Violation[] {
  const at = '/media';
  const images = draft.media.filter((item) => item.kind === 'image').length;
  const videos = draft.media.length - images;
  const empty = draft.media.length === 0;
  const mixed = images > 0 && videos > 0 && !media.mixImagesAndVideo;
  return [
    ...when(empty && draft.text.trim() === '', '/text', 'post_empty', 'A post needs a text or a medium.'),
    ...when(empty && media.required, at, 'media_required', `${displayName} needs a photo or a video.`),
    ...over(
      draft.media.length,
      media.maxItems,
      at,
      'too_many_media',
      `${displayName} takes at most ${media.maxItems} media.`,
    ),
    ...over(images, media.maxImages, at, 'too_many_images', `${displayName} takes at most ${media.maxImages} images.`),
    ...over(videos, media.maxVideos, at, 'too_many_videos', `${displayName} takes at most ${media.maxVideos} videos.`),
    ...when(mixed, at, 'media_mixed', `${displayName} does not take images and video in one post.`),
  ];
}

function checkItem(item: MediaToCheck, at: string, { media, displayName }: Capabilities): Violation[] {
  const limit = media[item.kind];
  if (limit === null) return [{ pointer: at, code: 'media_kind', message: `${displayName} takes no ${item.kind}.` }];
  const altText = item.altText === null ? 0 : Array.from(item.altText).length;
  return [
    ...checkFile(item, at, limit, displayName),
    ...checkPicture(item, at, limit, displayName),
    ...over(
      altText,
      media.altTextMax,
      `${at}/altText`,
      'alt_text_too_long',
      `${displayName} takes at most ${media.altTextMax} characters of alt text.`,
    ),
  ];
}

function checkFile(item: MediaToCheck, at: string, limit: MediaLimit, displayName: string): Violation[] {
  const types = limit.mimeTypes.join(', ');
  const codecs = limit.videoCodecs;
  const codec = item.videoCodec ?? null;
  const wrongCodec = item.kind === 'video' && codecs !== undefined && codec !== null && !codecs.includes(codec);
  return [
    ...when(
      !limit.mimeTypes.includes(item.mimeType),
      at,
      'media_type',
      `${displayName} takes ${types}, not ${item.mimeType}.`,
    ),
    ...over(
      item.bytes,
      limit.maxBytes,
      at,
      'media_too_large',
      `${displayName} takes ${item.kind}s of at most ${limit.maxBytes} bytes.`,
    ),
    ...over(
      item.durationS ?? 0,
      limit.maxDurationS ?? null,
      at,
      'video_too_long',
      `${displayName} takes videos of at most ${limit.maxDurationS} seconds.`,
    ),
    ...when(wrongCodec, at, 'video_codec', `${displayName} takes ${codecs?.join(', ')}, not ${codec}.`),
  ];
}

function checkPicture(item: MediaToCheck, at: string, limit: MediaLimit, displayName: string): Violation[] {
  const { width, height, kind } = item;
  const aspect = height === 0 ? 0 : width / height;
  return [
    ...under(
      width,
      limit.minWidth,
      at,
      'media_too_narrow',
      `${displayName} takes ${kind}s of at least ${limit.minWidth} pixels width.`,
    ),
    ...over(
      width,
      limit.maxWidth ?? null,
      at,
      'media_too_wide',
      `${displayName} takes ${kind}s of at most ${limit.maxWidth} pixels width.`,
    ),
    ...over(
      width * height,
      limit.maxPixels ?? null,
      at,
      'media_too_many_pixels',
      `${displayName} takes ${kind}s of at most ${limit.maxPixels} pixels.`,
    ),
    ...under(
      aspect,
      limit.minAspect,
      at,
      'media_aspect',
      `${displayName} takes ${kind}s with width / height of at least ${limit.minAspect}.`,
    ),
    ...over(
      aspect,
      limit.maxAspect ?? null,
      at,
      'media_aspect',
      `${displayName} takes ${kind}s with width / height of at most ${limit.maxAspect}.`,
    ),
  ];
}

function over(actual: number, limit: number | null, pointer: string, code: string, message: string): Violation[] {
  return limit !== null && actual > limit ? [{ pointer, code, message, limit, actual }] : [];
}

function under(actual: number, limit: number | undefined, pointer: string, code: string, message: string): Violation[] {
  return limit !== undefined && actual < limit ? [{ pointer, code, message, limit, actual }] : [];
}

function when(wrong: boolean, pointer: string, code: string, message: string): Violation[] {
  return wrong ? [{ pointer, code, message }] : [];
}
