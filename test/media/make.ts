import { makeImages } from './make-images.ts';
import { makeVideos } from './make-videos.ts';

// `node test/media/make.ts` writes the files beside this one again; the same versions of sharp and node-av give the same bytes.
await makeImages(import.meta.dirname);
await makeVideos(import.meta.dirname);
