// Package transport holds the sockets: listeners, connections, their limits and deadlines, and one close reason for
// each connection.  It cuts the stream into frames with a bufio.SplitFunc and knows nothing of what is in them.
package transport
