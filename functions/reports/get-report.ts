import { z } from 'zod';
import { hashToken } from '../../shared/auth/tokens.ts';
import { findReport } from '../../shared/reports/queries.ts';
import { renderReport } from '../../shared/reports/render-report.ts';
import { reportSheet } from '../../shared/reports/sheet.ts';
import { endpoint } from '../_kit/endpoint.ts';
import { HTML, htmlPage } from '../_kit/page.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/reports/{token}',
  auth: 'page',
  summary: 'Read the report of a post',
  params: z.strictObject({ token: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }),
  status: 200,
  content: HTML,
  errors: [],
  uses: { database: 'api' },
})(async ({ params, db }) => {
  const { report } = await db.one(findReport, { tokenHash: hashToken(params.token) });
  return htmlPage({
    title: 'Report of a post – Posthaste',
    body: renderReport(report).markup,
    style: reportSheet,
    head: '<meta name="robots" content="noindex">',
  });
});
