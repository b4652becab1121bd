/** From a leased row to what a connector works with: opened tokens, the draft, its media. */
import { Readable } from 'node:stream';
import { tokenBinding, unseal } from '../accounts/seal.ts';
import { openObject, presignRead } from '../aws/objects.ts';
import { communityPort } from '../community/port.ts';
import type { Db } from '../db/client.ts';
import { pickRendition } from '../media/pick-rendition.ts';
import { isShown } from '../media/why-unpublishable.ts';
import type {
  Capabilities,
  Connector,
  Credentials,
  Draft,
  MediaItem,
  PlatformName,
  Session,
} from '../platforms/connector.ts';
import type { PlatformHttp } from '../platforms/http.ts';
import type { Job } from './work-queries.ts';

const URL_FOR_PLATFORM_S = 6 * 3600; // platforms fetch late and retry: hours, not minutes

/** Of any row what it takes to speak for its account; a job has more. */
export interface AccountRow {
  readonly accountId: string;
  readonly platform: PlatformName;
  readonly account: {
    readonly platformAccountId: string;
    readonly handle: string;
    readonly baseUrl: string;
    readonly metricsUrl: string | null;
  };
}

export async function openCredentials(
  job: AccountRow,
  sealed: { access: string; refresh: string | null } | null,
): Promise<Credentials> {
  const { platformAccountId, handle, baseUrl } = job.account;
  const binding = (which: 'access' | 'refresh') => tokenBinding(job.platform, baseUrl, platformAccountId, which);
  return {
    accountId: job.accountId,
    platformAccountId,
    handle,
    baseUrl,
    accessToken: sealed === null ? '' : await unseal(sealed.access, binding('access')),
    refreshToken: sealed === null || sealed.refresh === null ? null : await unseal(sealed.refresh, binding('refresh')),
  };
}

export function makeSession(
  job: AccountRow & Partial<Pick<Job, 'knownPostIds' | 'media'>>,
  credentials: Credentials,
  tools: { http: PlatformHttp; db: Db; signal: AbortSignal },
): Session {
  const { metricsUrl } = job.account;
  return {
    http: tools.http,
    credentials,
    signal: tools.signal,
    knownPostIds: job.knownPostIds ?? [],
    ...(metricsUrl !== null && { appViewUrl: metricsUrl }),
    ...(job.platform === 'community' && {
      community: communityPort(tools.db, { media: (job.media ?? []).map(asShown) }),
    }),
  };
}

export function makeDraft({ capabilities }: Connector, job: Job): Draft {
  return {
    publicationId: job.id,
    text: job.text,
    media: job.media.map((medium) => makeItem(capabilities, medium)),
    options: job.options,
    idempotencyKey: job.id,
    dueAt: job.dueAt,
  };
}

/** What is no picture cannot have come this far: it is refused before. */
function asShown<Medium extends Job['media'][number]>(medium: Medium) {
  return { ...medium, kind: isShown(medium.kind) ? medium.kind : null };
}

function makeItem(capabilities: Capabilities, medium: Job['media'][number]): MediaItem {
  const { kind } = medium;
  const file = isShown(kind) ? pickRendition(kind, medium.renditions, capabilities) : null;
  if (file === null || !isShown(kind)) throw new Error('a medium that is not ready was handed to a connector');
  return {
    id: medium.id,
    kind,
    mimeType: file.mimeType,
    bytes: file.bytes,
    width: file.width,
    height: file.height,
    durationS: medium.durationMs === null ? null : medium.durationMs / 1000,
    altText: medium.altText,
    videoCodec: medium.videoCodec,
    open: async () => {
      const { body, length } = await openObject(file.key);
      return { body: Readable.toWeb(body), length };
    },
    url: () => presignRead(file.key, URL_FOR_PLATFORM_S),
  };
}
