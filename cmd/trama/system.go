package main

// lacking says what of the daemon is not there on a system, as runtime.GOOS names it; "" for Linux.
func lacking(system string) string {
	switch system {
	case "linux":
		return ""
	case "windows":
		return "admin socket, device keys, check of who may read the token file, reload by signal, user_timeout, parking of quiet connections"
	}
	return "admin socket, user_timeout, parking of quiet connections"
}
