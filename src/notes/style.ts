/**
 * The style of the site: a text and beside it, where there is room, its box; light and dark, phone and paper. Contrast of text is at least
 * 4.5 to 1 (WCAG 2.2, 1.4.3).
 */
export const STYLE = `:root{color-scheme:light dark;--page:#fff;--text:#1f2328;--faint:#57606a;--line:#d0d7de;--box:#f6f8fa;--link:#0550ae;--flag:#9a3412}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;--faint:#9aa4af;--line:#3d444d;--box:#161b22;--link:#79b8ff;--flag:#ffb386}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;padding:0 1rem 3rem;max-width:48rem;background:var(--page);color:var(--text);font:1rem/1.6 ui-sans-serif,system-ui,sans-serif;overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-100vw}.skip:focus{left:1rem;top:.5rem;padding:.5rem;background:var(--page)}
header nav{display:flex;flex-wrap:wrap;gap:0 1.25rem;padding:.75rem 0;border-bottom:1px solid var(--line)}
header nav a{padding:.35rem 0;text-decoration:none}header nav a:hover{text-decoration:underline}
header nav a:first-child{font-weight:700;color:var(--text);margin-right:auto}
h1{font-size:1.85rem;line-height:1.2;margin:1.5rem 0 .5rem;text-wrap:balance}
h2{font-size:1.3rem;line-height:1.3;margin:2.25rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
h3,h4,h5,h6{font-size:1.05rem;margin:1.5rem 0 .25rem}
.text>h2:first-child{margin-top:1.25rem}
.lead{font-size:1.15rem;line-height:1.5;color:var(--faint);margin:.5rem 0}
.byline{display:flex;flex-wrap:wrap;gap:.35rem 1rem;margin:.75rem 0 1.25rem;padding:0;list-style:none;font-size:.9rem;color:var(--faint)}
.badge{padding:.05rem .55rem;border:1px solid currentColor;border-radius:1rem;font-size:.85rem;font-weight:600}
.flag{color:var(--flag)}
.meta{margin:2.25rem 0 1rem;padding:.75rem 1rem;background:var(--box);border:1px solid var(--line);border-radius:.5rem;font-size:.9rem;line-height:1.5}
.meta h2{font-size:1rem;margin:0 0 .25rem;padding:0;border:0}
.meta dl{margin:0}.meta dl>div{padding:.5rem 0;border-top:1px solid var(--line)}
.meta dt{font-weight:600;color:var(--faint)}.meta dd{margin:0}.meta ul{margin:0;padding:0;list-style:none}.meta li+li{margin-top:.3rem}
.meta .names{display:flex;flex-wrap:wrap;gap:.3rem .4rem}.meta .names li{margin:0;padding:.05rem .5rem;background:var(--page);border:1px solid var(--line);border-radius:.35rem}
.meta .names a{text-decoration:none}.meta .names a:hover{text-decoration:underline}
.meta b{font-weight:600}.meta small{display:block}.meta .hash{font-size:.8rem}
meter{width:5rem;height:.8rem;vertical-align:middle}
small{font-size:.85rem;color:var(--faint)}
code,pre{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{padding:.1em .3em;background:var(--box);border-radius:.25rem}.meta code{padding:0}
pre{padding:.75rem 1rem;overflow-x:auto;background:var(--box);border:1px solid var(--line);border-radius:.35rem;overflow-wrap:normal;tab-size:4}
pre code{padding:0;background:none;font-size:1em}
.wide{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:.9rem;overflow-wrap:normal;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .65rem;border:1px solid var(--line);text-align:left;vertical-align:top}
.figure{white-space:nowrap;font-variant-numeric:tabular-nums}
th{background:var(--box)}
blockquote{margin:1rem 0;padding-left:1rem;border-left:.25rem solid var(--line);color:var(--faint)}
hr{margin:2rem 0;border:0;border-top:1px solid var(--line)}
img{max-width:100%;height:auto}
figure{margin:1rem 0;break-inside:avoid}figcaption{font-size:.9rem}
search{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.5rem .75rem;align-items:end;margin:1rem 0}search[hidden]{display:none}
search label{display:flex;flex-direction:column;min-width:0;font-size:.85rem;color:var(--faint)}
search label:first-child{grid-column:1/-1}
input,select,button{font:inherit;font-size:1rem;width:100%;min-width:0;padding:.4rem .5rem;color:var(--text);background:var(--page);border:1px solid var(--faint);border-radius:.35rem}
button{background:var(--box);cursor:pointer}
#count{color:var(--faint)}
.notes{padding:0;list-style:none}.notes li{padding:.75rem 0;border-top:1px solid var(--line)}.notes p{margin:.15rem 0}
.notes li>a{font-size:1.1rem;font-weight:600;text-decoration:none}.notes li>a:hover{text-decoration:underline}
.about{display:flex;flex-wrap:wrap;gap:.1rem .75rem;align-items:baseline;font-size:.85rem;color:var(--faint)}
.facets{columns:14rem;padding:0;list-style:none}.facets li{break-inside:avoid;padding:.15rem 0}
.pages{display:flex;gap:.75rem}.pages a{padding:.5rem 1rem;border:1px solid var(--line);border-radius:.35rem;text-decoration:none}
footer{margin-top:3rem;padding-top:.75rem;border-top:1px solid var(--line);color:var(--faint);font-size:.85rem}
@media (max-width:44rem){figure,p:has(>img[src$=".svg"]){overflow-x:auto}img[src$=".svg"]{max-width:max(100%,38rem)}figcaption{position:sticky;left:0}
.wide table{width:max-content;overflow-wrap:anywhere}td,th{max-width:16rem}}
@media screen and (min-width:64rem){body:has(.meta){max-width:72rem}
article:has(>.meta){display:grid;grid-template-columns:minmax(0,1fr) 19rem;grid-template-rows:repeat(5,auto) 1fr;column-gap:2.5rem}
article>*{grid-column:1}article>.meta{grid-column:2;grid-row:1/-1;align-self:start;margin-top:1.75rem}.byline a{display:none}}
@media print{.wide table{width:auto}:root{--page:#fff;--text:#000;--faint:#333;--line:#999;--box:#fff;--link:#000;--flag:#000;color-scheme:light}
body{max-width:none;padding:0;font-size:10.5pt}header,footer,search,.skip,.pages,.byline a{display:none}
pre{white-space:pre-wrap;overflow:visible;overflow-wrap:anywhere}.wide{overflow:visible}table{overflow-wrap:anywhere}th{min-width:3.5rem}
h1,h2,h3,h4{break-after:avoid}tr,pre,figure,blockquote,.meta dl>div,.notes li{break-inside:avoid}
.meta dl>div{display:grid;grid-template-columns:8rem 1fr;gap:1rem}
.text a[href^="http"]::after,.text a[href^="mailto"]::after{content:" (" attr(href) ")";font-size:.85em}}
`;
