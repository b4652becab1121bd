/** `npm start`. Only this file may run on an old Node, so it imports nothing before it has looked. */
const oldestMajor = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major < oldestMajor) {
  process.stderr.write(
    `Posthaste needs Node ${oldestMajor}, this is ${process.versions.node}; npm start brings its own\n`,
  );
  process.exitCode = 1;
} else {
  const { run } = await import('./run.ts');
  await run(process.argv.slice(2));
}
