/** The limits of the code with what the table of platforms says differently here. Pure, but for the line about a bad row. */
import { z } from 'zod';
import { log } from '../log.ts';
import type { Capabilities, Connector, MediaLimit } from './connector.ts';

const most = z.int().min(0);
const mediaLimit = z
  .strictObject({
    mimeTypes: z.array(z.string()).min(1),
    maxBytes: most,
    maxDurationS: z.number().positive(),
    minWidth: most,
    maxWidth: most,
    maxPixels: most,
    minAspect: z.number().positive(),
    maxAspect: z.number().positive(),
    videoCodecs: z.array(z.string()).min(1),
  })
  .partial();

/** What may differ without a release: amounts. What a platform is able to do at all stays with the code that does it. */
const Limits = z
  .strictObject({
    text: z.strictObject({ max: most, maxBytes: most.nullable(), urlWeight: most.nullable() }).partial(),
    media: z
      .strictObject({
        maxItems: most,
        maxImages: most,
        maxVideos: most,
        altTextMax: most.nullable(),
        image: mediaLimit,
        video: mediaLimit,
      })
      .partial(),
    maxLinks: most.nullable(),
    maxHashtags: most.nullable(),
    postsPerDay: most.nullable(),
  })
  .partial();

/** `limits` as the row has it. One that is not valid counts as empty, and is told to the log: posts go on being published. */
export function withLimits<Of extends Pick<Connector, 'name' | 'capabilities'>>(
  connector: Of,
  limits: Readonly<Record<string, unknown>>,
): Of {
  const parsed = Limits.safeParse(limits);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join('.'));
    log('error', 'platform.limits_invalid', { platform: connector.name, fields });
    return connector;
  }
  return { ...connector, capabilities: merge(connector.capabilities, parsed.data) };
}

function merge(base: Capabilities, { text, media, ...own }: z.output<typeof Limits>): Capabilities {
  const { image, video, ...amounts } = media ?? {};
  return {
    ...base,
    ...given(own),
    text: { ...base.text, ...given(text ?? {}) },
    media: {
      ...base.media,
      ...given(amounts),
      image: mergeMedia(base.media.image, image),
      video: mergeMedia(base.media.video, video),
    },
  };
}

/** A kind that the connector cannot send stays untaken. */
function mergeMedia(base: MediaLimit | null, limit: z.output<typeof mediaLimit> = {}): MediaLimit | null {
  return base === null ? null : { ...base, ...given(limit) };
}

type Given<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

function given<T extends object>(value: T): Given<T> {
  const kept: Given<T> = {};
  return Object.assign(kept, Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)));
}
