// A short pipeline description to start from: a USB camera whose pictures are turned.

export const EXAMPLE = `name = "turned-usb"
description = "A USB camera that hangs upside down"
kind = "live"

launch = '''
v4l2src name=source device=/dev/video0
  ! decodebin
  ! videoflip name=flip method=rotate-180
  ! videoconvert
  ! video/x-raw,format=I420
  ! queue name=newest leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0
  ! visiondetect name=detect
  ! visiontrack name=track
  ! tee name=views
views. ! appsink name=records sync=false
'''

[parameters.inference-interval]
type = "int"
min = 1
max = 1000
default = 1
description = "The detector looks at every n-th frame"
target = "detect.inference-interval"
`;
