package fleet

// reserveDescriptors does nothing: there is no limit of sockets here.
func reserveDescriptors(int) error { return nil }
