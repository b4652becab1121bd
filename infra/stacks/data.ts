import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { type IVpc, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AuroraPostgresEngineVersion,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
} from 'aws-cdk-lib/aws-rds';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { SecretName } from '../../functions/_kit/contract.ts';
import type { Resources } from '../constructs/grants.ts';
import type { Settings } from '../stages.ts';
import { Backups } from './backups.ts';

export interface DataStackProps extends StackProps {
  readonly settings: Settings;
}

const secretDescriptions: Readonly<Record<SecretName, string>> = {
  signingKeys: 'Private JWKs that sign access tokens',
  verificationKeys: 'Public JWKs that verify access tokens',
  cursorKey: 'Key that signs the cursors of lists',
  tokenKeys: 'Keys that seal the platform tokens of accounts',
  platformApps: 'Client ids and secrets of the platforms',
};

/** The database behind the Data API, and all secrets. What is here outlives the stack. */
export class DataStack extends Stack {
  readonly database: Resources['database'];
  readonly secretArns: Resources['secretArns'];
  /** Absent when an existing cluster is used. */
  readonly cluster: DatabaseCluster | undefined;
  /** Snapshots of the cluster. */
  readonly backups: Backups | undefined;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const { settings } = props;
    this.secretArns = {
      signingKeys: this.#emptySecret('signingKeys'),
      verificationKeys: this.#emptySecret('verificationKeys'),
      cursorKey: this.#randomSecret('cursorKey'),
      tokenKeys: this.#emptySecret('tokenKeys'),
      platformApps: this.#emptySecret('platformApps'),
    };
    const existing = settings.existingDatabase;
    if (existing !== undefined) {
      const secretArns = { api: existing.apiSecretArn, worker: existing.workerSecretArn };
      this.database = { clusterArn: existing.clusterArn, name: settings.databaseName, secretArns };
      return;
    }
    this.cluster = this.#newCluster(settings);
    this.backups = new Backups(this, 'Backups', { settings, cluster: this.cluster });
    const secretArns = { api: this.#roleSecret('api'), worker: this.#roleSecret('worker') };
    const reporting = this.#roleSecret('reporting');
    this.database = { clusterArn: this.cluster.clusterArn, name: settings.databaseName, secretArns };
    this.#tellMigrator({
      DatabaseClusterArn: this.cluster.clusterArn,
      DatabaseMigratorSecretArn: this.cluster.secret?.secretArn ?? '',
      DatabaseApiSecretArn: secretArns.api,
      DatabaseWorkerSecretArn: secretArns.worker,
      DatabaseReportingSecretArn: reporting,
    });
  }

  /** Functions stay outside of the VPC and come through the Data API: the subnets lead nowhere and no port is opened. */
  #newCluster(settings: Settings): DatabaseCluster {
    const vpc = this.#newNetwork();
    const nobody = new SecurityGroup(this, 'DatabaseGroup', {
      vpc,
      allowAllOutbound: false,
      description: 'The database: nobody connects to it from the network',
    });
    const readers = Array.from({ length: settings.readers }, (_, index) =>
      ClusterInstance.serverlessV2(`reader${index + 1}`, { scaleWithWriter: true }),
    );
    return new DatabaseCluster(this, 'Database', {
      engine: DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_18_4 }),
      writer: ClusterInstance.serverlessV2('writer'),
      readers,
      serverlessV2MinCapacity: settings.minCapacity,
      serverlessV2MaxCapacity: settings.maxCapacity,
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [nobody],
      port: 5433,
      credentials: Credentials.fromUsername('posthaste_master'),
      manageMasterUserPassword: true,
      defaultDatabaseName: settings.databaseName,
      enableDataApi: true,
      iamAuthentication: true,
      parameters: { 'pg_stat_statements.track': 'all', 'pg_stat_statements.track_utility': '0' },
      storageEncrypted: true,
      deletionProtection: true,
      backup: { retention: Duration.days(settings.backupDays) },
      copyTagsToSnapshot: true,
      removalPolicy: RemovalPolicy.SNAPSHOT,
    });
  }

  #newNetwork(): IVpc {
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'database', subnetType: SubnetType.PRIVATE_ISOLATED }],
    });
    // The library's own class does not fit its interface under exactOptionalPropertyTypes; what it reads back from ids does.
    return Vpc.fromVpcAttributes(this, 'Network', {
      vpcId: vpc.vpcId,
      availabilityZones: vpc.availabilityZones,
      isolatedSubnetIds: vpc.isolatedSubnets.map((subnet) => subnet.subnetId),
      isolatedSubnetRouteTableIds: vpc.isolatedSubnets.map((subnet) => subnet.routeTable.routeTableId),
    });
  }

  #roleSecret(role: 'api' | 'worker' | 'reporting'): string {
    const secret = new Secret(this, `${role}Role`, {
      description: `Database role posthaste_${role}`,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: `posthaste_${role}` }),
        generateStringKey: 'password',
        passwordLength: 48,
        excludePunctuation: true,
      },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    return secret.secretArn;
  }

  /** Without a value until an operator puts one: a generated string would look like a key and be none. */
  #emptySecret(name: SecretName): string {
    const secret = new CfnSecret(this, name, { description: secretDescriptions[name] });
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return secret.ref;
  }

  #randomSecret(name: SecretName): string {
    const secret = new Secret(this, name, {
      description: secretDescriptions[name],
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'key',
        passwordLength: 48,
        excludePunctuation: true,
      },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    return secret.secretArn;
  }

  /** Outputs that `npm run db` takes as variables: `DatabaseClusterArn` is `DATABASE_CLUSTER_ARN`. */
  #tellMigrator(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
  }
}
