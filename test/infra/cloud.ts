import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { z } from 'zod';
import { type Door, listDoors } from '../../infra/doors.ts';
import { addPosthaste, addStacks, type PosthasteProps } from '../../infra/stacks/posthaste.ts';
import { settingsOf } from '../../infra/stages.ts';

const templateSchema = z.object({
  Resources: z
    .record(
      z.string(),
      z.object({
        Type: z.string(),
        Properties: z.record(z.string(), z.unknown()).default({}),
        Metadata: z.object({ 'aws:cdk:path': z.string() }),
        DeletionPolicy: z.string().optional(),
      }),
    )
    .default({}),
  Parameters: z.record(z.string(), z.object({ Default: z.unknown().optional() })).default({}),
  Outputs: z
    .record(z.string(), z.object({ Value: z.unknown(), Export: z.object({ Name: z.string() }).optional() }))
    .default({}),
});
type Template = z.infer<typeof templateSchema>;

export interface Resource {
  /** Without the stage: `workers`. */
  readonly stack: string;
  /** `workers/publish/Role`; the library's own `/Resource` at the end is left out. */
  readonly path: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string | undefined;
}

/** The templates of one stage, with every reference between them written as the path of what it means. */
export interface Cloud {
  readonly doors: readonly Door[];
  readonly resources: readonly Resource[];
  /** `rule path` of what cdk-nag finds, and of what is acknowledged. */
  readonly found: readonly string[];
  readonly acknowledged: readonly string[];
  /** Stack → parameters without a default. */
  readonly asked: Readonly<Record<string, readonly string[]>>;
  /** Stack → the stacks that are deployed before it. */
  readonly after: Readonly<Record<string, readonly string[]>>;
  of(type: string): readonly Resource[];
  at(path: string): Resource;
}

/** Doors of every kind that declare all there is to declare. */
export const sampleRoot = fileURLToPath(new URL('./sample-doors', import.meta.url));

export const projectDoors = fileURLToPath(new URL('../../functions', import.meta.url));

/** All stacks with the doors below `root`; throws what cdk-nag finds. With `layer`, the native layer is built. */
export async function synthesize(root: string, context: Record<string, string> = {}, layer = false): Promise<Cloud> {
  const work = await mkdtemp(path.join(tmpdir(), 'synth-'));
  try {
    if (layer) await mkdir(path.join(work, 'layer/nodejs/node_modules'), { recursive: true });
    const doors = await listDoors(root);
    // What the functions' code is does not matter to the templates; bundle.test.ts looks at it.
    const code = path.join(work, 'code');
    await mkdir(code);
    await writeFile(path.join(code, 'index.mjs'), '');
    const app = new App({
      outdir: path.join(work, 'out'),
      context: { 'aws:cdk:enable-path-metadata': true, ...context },
    });
    const props = {
      settings: settingsOf(app),
      doors,
      bundleOf: () => code,
      layerFolder: path.join(work, 'layer'),
    };
    const { stacks, acknowledged } = addPosthaste(app, props);
    const assembly = app.synth();
    const templates = new Map(
      stacks.map(({ stackName }) => [stackName, templateSchema.parse(assembly.getStackByName(stackName).template)]),
    );
    return {
      ...cloudOf(templates),
      after: Object.fromEntries(
        stacks.map((stack) => [
          shortName(stack.stackName),
          stack.dependencies.map(({ stackName }) => shortName(stackName)),
        ]),
      ),
      doors,
      found: findingsOf(props),
      acknowledged: acknowledged.map(({ rule, path: place }) => `${rule} ${place}`).sort(),
    };
  } finally {
    await rm(work, { recursive: true });
  }
}

/** What cdk-nag says of the same stacks when nothing is acknowledged. */
function findingsOf(props: PosthasteProps): string[] {
  const app = new App();
  addStacks(app, props);
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  return violations
    .flatMap(({ ruleName, violatingResources }) => violatingResources.map((one) => `${ruleName} ${one.constructPath}`))
    .sort();
}

function shortName(stackName: string): string {
  return stackName.replace(/^posthaste-[a-z]+-/, '');
}

function cloudOf(templates: ReadonlyMap<string, Template>): Omit<Cloud, 'doors' | 'found' | 'acknowledged' | 'after'> {
  const written = writer(templates);
  const resources = [...templates].flatMap(([stackName, template]) =>
    Object.values(template.Resources).map((resource) => ({
      stack: shortName(stackName),
      path: pathOf(resource),
      type: resource.Type,
      properties: z.record(z.string(), z.unknown()).parse(written(stackName, resource.Properties)),
      deletionPolicy: resource.DeletionPolicy,
    })),
  );
  const asked = [...templates].map(([stackName, { Parameters }]) => [
    shortName(stackName),
    Object.keys(Parameters).filter((name) => Parameters[name]?.Default === undefined),
  ]);
  return {
    resources,
    asked: Object.fromEntries(asked),
    of: (type) => resources.filter((resource) => resource.type === type),
    at(wanted) {
      const found = resources.find((resource) => resource.path === wanted);
      if (found === undefined) throw new Error(`nothing at ${wanted}`);
      return found;
    },
  };
}

function pathOf(resource: Template['Resources'][string]): string {
  return shortName(resource.Metadata['aws:cdk:path']).replace(/\/Resource$/, '');
}

const intrinsicSchema = z.union([
  z.strictObject({ Ref: z.string() }),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }),
  z.strictObject({ 'Fn::ImportValue': z.string() }),
  z.strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) }),
]);

/** Replaces references: a resource by `<path>`, its attribute by `<path.Attribute>`, an import by what is exported. */
function writer(templates: ReadonlyMap<string, Template>): (stackName: string, value: unknown) => unknown {
  const exported = new Map<string, readonly [string, unknown]>();
  for (const [stackName, { Outputs }] of templates) {
    for (const output of Object.values(Outputs)) {
      if (output.Export !== undefined) exported.set(output.Export.Name, [stackName, output.Value]);
    }
  }
  const named = (stackName: string, logicalId: string): string => {
    const resource = templates.get(stackName)?.Resources[logicalId];
    return resource === undefined ? logicalId : pathOf(resource);
  };
  const write = (stackName: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((one) => write(stackName, one));
    if (typeof value !== 'object' || value === null) return value;
    const intrinsic = intrinsicSchema.safeParse(value).data;
    if (intrinsic === undefined) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, write(stackName, inner)]));
    }
    if ('Ref' in intrinsic) return `<${named(stackName, intrinsic.Ref)}>`;
    if ('Fn::GetAtt' in intrinsic)
      return `<${named(stackName, intrinsic['Fn::GetAtt'][0])}.${intrinsic['Fn::GetAtt'][1]}>`;
    if ('Fn::Join' in intrinsic) {
      return intrinsic['Fn::Join'][1].map((part) => write(stackName, part)).join(intrinsic['Fn::Join'][0]);
    }
    const [from, meant] = exported.get(intrinsic['Fn::ImportValue']) ?? [stackName, intrinsic['Fn::ImportValue']];
    return write(from, meant);
  };
  return write;
}

/** The stack that a door is in. */
export function stackOf({ area, contract }: Door): string {
  return contract.kind === 'endpoint' ? `area-${area}` : 'workers';
}

const functionSchema = z.object({
  Role: z.string(),
  Runtime: z.string(),
  Architectures: z.array(z.string()),
  Handler: z.string(),
  MemorySize: z.number(),
  Timeout: z.number(),
  Layers: z.array(z.string()).optional(),
  LoggingConfig: z.object({ LogGroup: z.string() }),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
});

/** The function of a door. */
export function functionOf(cloud: Cloud, door: Door): z.infer<typeof functionSchema> {
  return functionSchema.parse(cloud.at(`${stackOf(door)}/${door.operation}/Function`).properties);
}
