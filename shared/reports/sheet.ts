import { baseSheet } from '../html/sheet.ts';

/** The two series keep their colours in both themes; each reaches 3:1 against its card. */
export const reportSheet = `${baseSheet}
:root{--likes:#2563c9;--comments:#b4530a}
@media (prefers-color-scheme:dark){:root{--likes:#6ea4ff;--comments:#f0a35e}}
header .soft{margin:0 0 .25rem}
blockquote{margin:.75rem 0 0;padding:0 0 0 .9rem;border-left:3px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere}
.sums{display:flex;flex-wrap:wrap;gap:.5rem 2.25rem;margin:1.5rem 0 0;padding:0}
.sums div{min-width:5rem}
.sums dt{color:var(--soft);font-size:.85rem}
.sums dd{margin:0;font-size:1.7rem;font-weight:600;font-variant-numeric:tabular-nums;line-height:1.2}
.key{display:flex;gap:1.25rem;margin:0 0 .75rem;padding:0;list-style:none;font-size:.9rem;color:var(--soft)}
.key li::before{content:"";display:inline-block;width:.8rem;height:.8rem;border-radius:3px;margin-right:.45rem;vertical-align:-1px}
.key .likes::before{background:var(--likes)}
.key .comments::before{background:var(--comments)}
svg{display:block;overflow:visible}
svg text{font:14px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}
svg .name{font-weight:600}
svg .quiet{font-weight:400;fill:var(--soft)}
svg .count{font-variant-numeric:tabular-nums}
.bars .likes{fill:var(--likes)}
.bars .comments{fill:var(--comments)}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:1rem}
.small{margin:0;padding:1rem}
figcaption{font-weight:600;margin-bottom:.6rem;overflow-wrap:anywhere}
.lines{width:100%;height:6rem}
.lines path{fill:none;stroke-width:2.5;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.lines .likes{stroke:var(--likes)}
.lines .comments{stroke:var(--comments);stroke-dasharray:6 4}
.lines .base{stroke:var(--line);vector-effect:non-scaling-stroke}
.ends{display:flex;justify-content:space-between;gap:.75rem;margin-top:.5rem;font-size:.75rem;color:var(--soft)}
.ends span:last-child{text-align:right}
.scroll{overflow-x:auto;padding:0}
.scroll:focus-visible{outline:2px solid var(--accent)}
.figures{font-weight:400;font-size:.85rem;color:var(--soft);display:block}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.65rem .7rem;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:top}
th:first-child{padding-left:1.1rem}
td:last-child,th:last-child{padding-right:1.1rem}
tbody tr:last-child>*{border-bottom:0}
thead th{font-size:.8rem;color:var(--soft);font-weight:600}
tbody th{font-weight:600;white-space:normal;overflow-wrap:anywhere;min-width:9rem}
tbody th .soft{display:block;font-weight:400;font-size:.85rem}
td a .soft{display:block;font-size:.85rem}
.num{text-align:right;font-variant-numeric:tabular-nums}
@media (max-width:46rem){
table,tbody{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{display:grid;grid-template-columns:repeat(3,1fr);padding:.5rem 1.1rem .9rem;border-bottom:1px solid var(--line)}
tbody tr:last-child{border-bottom:0}
tbody tr>:nth-child(n){border:0;padding:.4rem 0 0;text-align:left;white-space:normal;overflow-wrap:anywhere}
tbody th,.wide{grid-column:1/-1}
tbody td::before{content:attr(data-label);display:block;font-size:.75rem;color:var(--soft)}
}
.failed{color:var(--bad)}
footer{margin-top:2.5rem;font-size:.85rem;color:var(--soft)}
`;
