/** What we take, as data. Bytes are checked twice: by the upload policy and again on the stored object. */
export const mediaLimits = {
  image: {
    maxBytes: 50 * 1024 * 1024,
    /** All frames of an animation counted together. 100 megapixels are 400 MB of decoded RGBA at the very worst. */
    maxPixels: 100_000_000,
    /** Longest side that JPEG (65,535) and WebP (16,383) can both hold. */
    maxSidePx: 16_383,
  },
  video: {
    maxBytes: 1024 * 1024 * 1024,
    /** 8K with room for odd aspect ratios. */
    maxPixels: 36_000_000,
    maxDurationS: 4 * 60 * 60,
  },
} as const;

/** Boxes in which the renditions fit, in pixels. Nothing is enlarged. */
export const renditionSizes = { thumbPx: 320, previewPx: 1280 } as const;
