// How the server does: its checks, its figures at a glance, its cameras, its nodes.

import { serverNow } from '../../api';
import { gatewayHealth, listNodes, type Node, readiness } from '../../api/system';
import { Show, Skeleton, useAsked } from '../../components/asked';
import { Table } from '../../components/table';
import { timeAt } from '../../data/branches';
import { away } from '../../data/clock';
import { cameras, may, now } from '../../data/feed';
import { words } from '../../i18n';
import { CameraTable } from './cameras';
import { Checks, GatewayChecks, Verdict } from './checks';
import { Figures } from './figures';
import { Only } from './may';
import { own } from './words';

const CHECKS_EVERY_MS = 5000;
/** Nodes say once a minute that they live. */
const NODES_EVERY_MS = 30_000;

export function Health() {
  return (
    <>
      <Checked />
      <Figures />
      <CameraTable cameras={cameras.value} />
      <Nodes />
    </>
  );
}

function Checked() {
  const ready = useAsked(readiness, [], CHECKS_EVERY_MS);
  return (
    <section aria-labelledby="checks">
      <header class="row">
        <h2 id="checks">{own.value.checksTitle}</h2>
        {ready.value && <Verdict told={ready.value} />}
        {ready.at !== undefined && (
          <span class="quiet as-of">{words.value.asOf(timeAt(ready.at, Date.now()))}</span>
        )}
      </header>
      <Show of={ready} skeleton={<Skeleton lines={5} />}>
        {(told) => (
          <>
            <Checks told={told} />
            <Only action="read metrics">
              <Gateway />
            </Only>
          </>
        )}
      </Show>
    </section>
  );
}

function Gateway() {
  const gateway = useAsked(gatewayHealth, [], CHECKS_EVERY_MS);
  return (
    <Show of={gateway} skeleton={<Skeleton lines={2} />}>
      {(told) => <GatewayChecks told={told} />}
    </Show>
  );
}

function Nodes() {
  return (
    <section>
      <h2>{own.value.nodesTitle}</h2>
      <Only action="operate the server" said={own.value.nodesDenied}>
        {may('operate the server') && <NodeTable />}
      </Only>
    </section>
  );
}

function NodeTable() {
  const nodes = useAsked(listNodes, [], NODES_EVERY_MS);
  const names = own.value.node;
  const clock = serverNow() + 0 * now.value;
  const columns = [
    {
      key: 'id',
      name: names.id,
      width: '208px',
      cell: (node: Node) => (
        <>
          <code>{node.id}</code> {node.this && <span class="quiet">{own.value.thisNode}</span>}
        </>
      ),
    },
    { key: 'host', name: names.host, cell: (node: Node) => node.host, minor: true },
    { key: 'version', name: names.version, cell: (node: Node) => node.version, minor: true },
    {
      key: 'started',
      name: names.started,
      cell: (node: Node) => timeAt(Date.parse(node.started), clock),
      minor: true,
    },
    { key: 'seen', name: names.seen, cell: (node: Node) => away(Date.parse(node.seen), clock) },
    {
      key: 'cameras',
      name: names.cameras,
      cell: (node: Node) => (
        <span title={node.cameras.join(', ')}>{node.cameras.join(', ') || own.value.none}</span>
      ),
    },
  ];
  return (
    <Show of={nodes} skeleton={<Skeleton lines={2} />}>
      {(list) => (
        <Table
          label={own.value.nodesTitle}
          columns={columns}
          rows={list}
          keyOf={({ id }) => id}
          empty={own.value.none}
        />
      )}
    </Show>
  );
}
