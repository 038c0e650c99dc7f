/** The style of the site: one column, light and dark, phone and paper. Contrast of text is at least 4.5 to 1 (WCAG 2.2, 1.4.3). */
export const STYLE = `:root{color-scheme:light dark;--page:#fff;--text:#1f2328;--faint:#57606a;--line:#d0d7de;--box:#f6f8fa;--link:#0550ae;--flag:#9a3412}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;--faint:#9aa4af;--line:#3d444d;--box:#161b22;--link:#79b8ff;--flag:#ffb386}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;padding:0 1rem 3rem;max-width:52rem;background:var(--page);color:var(--text);font:1rem/1.6 ui-sans-serif,system-ui,sans-serif;overflow-wrap:anywhere}
a{color:var(--link)}
a:focus-visible,input:focus-visible,select:focus-visible,pre:focus-visible,.wide:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-100vw}.skip:focus{left:1rem;top:.5rem;padding:.5rem;background:var(--page)}
header nav{display:flex;flex-wrap:wrap;gap:0 1.25rem;padding:.75rem 0;border-bottom:1px solid var(--line)}
header nav a{padding:.35rem 0}
h1{font-size:1.75rem;line-height:1.25;margin:1.5rem 0 .5rem}
h2{font-size:1.3rem;line-height:1.3;margin:2rem 0 .5rem;padding-top:.5rem;border-top:1px solid var(--line)}
h3,h4,h5,h6{font-size:1.05rem;margin:1.25rem 0 .25rem}
.lead{font-size:1.1rem;color:var(--faint)}
.meta{margin:1rem 0;padding:.25rem 1rem;background:var(--box);border:1px solid var(--line);border-radius:.5rem;font-size:.9rem}
.meta dl{margin:0}.meta dl>div{padding:.4rem 0;border-bottom:1px solid var(--line)}.meta dl>div:last-child{border:0}
.meta dt{font-weight:600;color:var(--faint)}.meta dd{margin:0}.meta ul{margin:0;padding-left:1.2rem}
.meta dl>div:first-child dt{color:var(--flag)}
meter{width:6rem;vertical-align:middle}
small{color:var(--faint)}
code,pre{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
pre{padding:.75rem;overflow-x:auto;background:var(--box);border:1px solid var(--line);border-radius:.35rem;overflow-wrap:normal}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;overflow-wrap:normal}
th,td{padding:.3rem .6rem;border:1px solid var(--line);text-align:left;vertical-align:top}
th{background:var(--box)}
blockquote{margin:1rem 0;padding-left:1rem;border-left:.25rem solid var(--line);color:var(--faint)}
img{max-width:100%;height:auto}
figure{margin:1rem 0;break-inside:avoid}figcaption{font-size:.9rem}
search{display:flex;flex-wrap:wrap;gap:.5rem 1rem;margin:1rem 0}search[hidden]{display:none}
search label{display:flex;flex-direction:column;font-size:.9rem}
input,select{font:inherit;padding:.4rem;max-width:100%;color:inherit;background:var(--page);border:1px solid var(--faint);border-radius:.35rem}
.notes{padding-left:2.5rem}.notes li{margin:0 0 1rem}.notes p{margin:.1rem 0}
.facets{columns:14rem;padding-left:1.2rem}
.pages a{display:inline-block;padding:.5rem .75rem .5rem 0}
footer{margin-top:3rem;color:var(--faint);font-size:.85rem}
@media (min-width:44rem){.meta dl>div{display:grid;grid-template-columns:8.5rem 1fr;gap:1rem}}
@media print{:root{--page:#fff;--text:#000;--faint:#333;--line:#999;--box:#fff;--link:#000;--flag:#000;color-scheme:light}
body{max-width:none;padding:0;font-size:10.5pt}header,footer,search,.skip,.pages{display:none}
pre{white-space:pre-wrap;overflow:visible;overflow-wrap:anywhere}.wide{overflow:visible}
h1,h2,h3,h4{break-after:avoid}table,pre,figure,blockquote{break-inside:avoid}
.text a[href^="http"]::after{content:" (" attr(href) ")";font-size:.85em}}
`;
