/** Colours of the four corners of every picture here, as seen upright. */
export const corners = {
  topLeft: '#d50000',
  topRight: '#00c853',
  bottomLeft: '#2962ff',
  bottomRight: '#ffd600',
} as const;
