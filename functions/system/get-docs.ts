import { endpoint } from '../_kit/endpoint.ts';
import { HTML, htmlPage } from '../_kit/page.ts';

const script = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true, persistAuthorization: false })`;

export const handler = endpoint({
  method: 'GET',
  path: '/docs',
  auth: 'public',
  summary: 'Show the API reference',
  status: 200,
  content: HTML,
  errors: [],
  uses: {},
  throttle: { ratePerS: 100, burst: 200 },
})(async () =>
  htmlPage({
    title: 'Posthaste API',
    head: '<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/swagger-ui.css">',
    body: '<div id="reference"></div><script src="/docs/swagger-ui-bundle.js"></script>',
    script,
    sources: {
      'connect-src': "'self'",
      'script-src': "'self'",
      'style-src': "'self' 'unsafe-inline'", // Swagger UI sets style attributes
      'img-src': "'self' data:",
    },
  }),
);
