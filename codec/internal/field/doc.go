// Package field holds the words that all rooms of codec use of a frame: fields, messages, directions, roles, errors.
//
// It imports nothing of codec and has no behaviour beyond text.
package field
