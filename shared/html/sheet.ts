/** The look of the pages that a browser opens: quiet, readable, light and dark. */
export const baseSheet = `
:root{color-scheme:light dark;--ink:#16202b;--soft:#5b6876;--line:#dfe4ea;--paper:#f6f7f9;--card:#fff;--accent:#0b5fff;--ok:#12733f;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9aa7b4;--line:#2c3742;--paper:#11171d;--card:#19212a;--accent:#7aa7ff;--ok:#6fd39b;--bad:#ff8f85}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:62rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2.25rem 0 .75rem}
p{margin:.25rem 0 1rem}
a{color:var(--accent)}
.soft{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.25rem}
`;
