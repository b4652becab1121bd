import type { Samples } from './sample.ts';

export function systemSamples(): Samples {
  const stranger = 'own';
  return {
    reads: {
      getHealth: { stranger },
      getOpenapi: { stranger },
      getDocs: { stranger },
      getErrors: { stranger },
      getDocsAsset: { stranger, params: { file: 'swagger-ui.css' } },
    },
  };
}
