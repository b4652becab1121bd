import type { Plugin } from 'esbuild';

/** Packages with compiled code. They are not bundled: on Lambda they come from the layer, locally from node_modules. */
export const nativePackages = ['sharp', 'node-av'] as const;

const pattern = new RegExp(`^(${nativePackages.join('|')})(/|$)`);

/**
 * A layer is found through NODE_PATH, which `import` ignores and `require` honours: the bundle therefore requires the package,
 * also where the source imports it. (node-av is an ES module; Node 24 requires these too.)
 */
export const nativePlugin: Plugin = {
  name: 'native',
  setup(build) {
    build.onResolve({ filter: pattern }, ({ path, namespace }) =>
      namespace === 'native' ? { path, external: true } : { path, namespace: 'native' },
    );
    build.onLoad({ filter: /.*/, namespace: 'native' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};
