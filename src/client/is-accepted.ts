/**
 * Whether a file has one of the accepted types. The server decides by the content of the file; this saves an upload.
 * @param accept as in the attribute `accept` of HTML: `image/*`, `application/pdf`, `.pdf`.
 */
export function isAccepted(mediaType: string, name: string, accept: readonly string[]): boolean {
  const type = mediaType.toLowerCase();
  const fileName = name.toLowerCase();
  return (
    accept.length === 0 ||
    accept.some((entry) => {
      const accepted = entry.trim().toLowerCase();
      if (accepted.startsWith('.')) return fileName.endsWith(accepted);
      // The browser does not know every type: then the server decides.
      if (type === '' || accepted === '*/*') return true;
      return accepted.endsWith('/*') ? type.startsWith(accepted.slice(0, -1)) : type === accepted;
    })
  );
}
