import { z } from 'zod';
import { presignDownload } from '../../shared/aws/upload-stream.ts';
import { id } from '../../shared/db/columns.ts';
import { fail } from '../../shared/errors.ts';
import { findExportPart } from '../../shared/exports/queries.ts';
import { ExportDownload, exportKey } from '../../shared/exports/shapes.ts';
import { plainInteger } from '../../shared/text/plain-values.ts';
import { endpoint } from '../_kit/endpoint.ts';

const URL_S = 300;

export const handler = endpoint({
  method: 'GET',
  path: '/v1/me/exports/{exportId}/parts/{number}',
  auth: 'person',
  stepUp: true,
  summary: 'Get a download URL for a ZIP file of an export',
  params: z.strictObject({ exportId: id, number: plainInteger({ min: 1, max: 10_000 }) }),
  status: 200,
  response: ExportDownload,
  errors: ['wrong_state'],
  uses: { database: 'api', secrets: ['verificationKeys'], bucket: ['read-exports'] },
})(async ({ params: { exportId, number }, db }) => {
  const { outcome, bytes } = await db.one(findExportPart, { exportId, number });
  if (outcome !== 'ok') fail('wrong_state');
  const fileName = `posthaste-export-${number}.zip`;
  const url = await presignDownload(exportKey(exportId, number), fileName, URL_S);
  return { url, expiresInS: URL_S, bytes: bytes ?? 0, fileName };
});
