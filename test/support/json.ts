/** A JSON document as the formatter of this project writes it: short lists on one line. */
export function formattedJson(value: unknown): string {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  return text.replaceAll(/^(.*)\[\n\s+("[^"]*"(?:,\n\s+"[^"]*")*)\n\s+\]/gm, (whole, head, list) => {
    const line = `${head}[${list.replaceAll(/,\n\s+/g, ', ')}]`;
    return line.length < 110 ? line : whole;
  });
}
