// Package words reads what people type, and tells them what they may have meant.
package words
