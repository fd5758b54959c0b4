package access

const (
	plainOnly  = 0
	modesCount = false // access lists say who may use a file: it has those of its folder
)
