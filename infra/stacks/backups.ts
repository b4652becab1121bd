import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault, type IBackupVault } from 'aws-cdk-lib/aws-backup';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { DatabaseCluster } from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import type { Settings } from '../stages.ts';

export interface BackupsProps {
  readonly settings: Settings;
  readonly cluster: DatabaseCluster;
}

/**
 * Snapshots in a vault of their own, besides the cluster's continuous backup: that one ends with the cluster, and whoever may
 * delete the cluster may not delete these before their time.
 */
export class Backups extends Construct {
  readonly vault: IBackupVault;

  constructor(scope: Construct, id: string, { settings, cluster }: BackupsProps) {
    super(scope, id);
    const { daily, monthly } = settings.snapshotDays;
    const vault = new BackupVault(this, 'Vault', {
      backupVaultName: `posthaste-${settings.stage}-database`,
      encryptionKey: new Key(this, 'Key', {
        description: 'Snapshots of the database',
        enableKeyRotation: true,
        removalPolicy: RemovalPolicy.RETAIN,
      }),
      blockRecoveryPointDeletion: true,
      lockConfiguration: { minRetention: Duration.days(daily), maxRetention: Duration.days(monthly) },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const plan = new BackupPlan(this, 'Plan', { backupVault: vault });
    const startAndEnd = { startWindow: Duration.hours(1), completionWindow: Duration.hours(8) };
    plan.addRule(
      new BackupPlanRule({
        ruleName: 'daily',
        scheduleExpression: Schedule.cron({ hour: '2', minute: '30' }),
        deleteAfter: Duration.days(daily),
        ...startAndEnd,
      }),
    );
    plan.addRule(
      new BackupPlanRule({
        ruleName: 'monthly',
        scheduleExpression: Schedule.cron({ day: '1', hour: '4', minute: '30' }),
        deleteAfter: Duration.days(monthly),
        ...startAndEnd,
      }),
    );
    plan.addSelection('Database', {
      resources: [BackupResource.fromRdsDatabaseCluster(cluster)],
      role: new Role(this, 'Role', {
        assumedBy: new ServicePrincipal('backup.amazonaws.com', {
          conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
        }),
        managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSBackupServiceRolePolicyForBackup')],
      }),
      // Given by the role, whole or not at all.
      disableDefaultBackupPolicy: true,
    });
    this.vault = vault;
  }
}
